import { type ReactNode, useEffect, useState } from "react";
import { useUrlState } from "../../design/use-url-state.ts";

const typingPauseMs = 250;

/** A text filter that the server applies; it goes into the address once the reader stops typing. */
export function TextFilter({
  name,
  label,
  isFilter = false,
}: {
  readonly name: string;
  readonly label: string;
  readonly isFilter?: boolean;
}): ReactNode {
  const { state, change } = useUrlState();
  const inAddress = state[name] ?? "";
  const [text, setText] = useState(inAddress);
  const [seen, setSeen] = useState(inAddress);
  if (seen !== inAddress) {
    setSeen(inAddress);
    setText(inAddress);
  }
  useEffect(() => {
    if (text === inAddress) return;
    const timer = setTimeout(() => change({ [name]: text }), typingPauseMs);
    return () => clearTimeout(timer);
  }, [text, inAddress, name, change]);
  return (
    <input
      className="field"
      type="search"
      placeholder={isFilter ? `${label}   /` : label}
      aria-label={label}
      value={text}
      onChange={(event) => setText(event.target.value)}
      {...(isFilter ? { "data-filter": "" } : {})}
    />
  );
}
