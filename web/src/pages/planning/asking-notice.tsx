import { type ReactNode, useEffect, useState } from "react";

const secondMs = 1000;

/** Says that the planner computes, and for how long, once it takes so long that somebody asks. */
export function AskingNotice(): ReactNode {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((count) => count + 1), secondMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <span className="muted" role="status" aria-label="The planner computes">
      {seconds === 0 ? "" : `Computing, ${seconds} s`}
    </span>
  );
}
