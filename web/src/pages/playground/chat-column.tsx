import { type ReactNode, useEffect, useRef } from "react";
import { StateBadge } from "../../design/state-badge.tsx";
import { formatCount, formatFigure, formatSpan } from "../../words/numbers.ts";
import type { Tone } from "../../words/state-tone.ts";
import { answerFigures, type AnswerState, type ChatAnswer, type ChatTurn } from "./chat-turn.ts";

const tones: Readonly<Record<AnswerState, Tone>> = {
  waiting: "waiting",
  streaming: "running",
  done: "good",
  aborted: "off",
  failed: "bad",
};

/** One deployment's conversation; the newest answer stays in sight. */
export function ChatColumn({ name, turns }: { readonly name: string; readonly turns: readonly ChatTurn[] }): ReactNode {
  const end = useRef<HTMLDivElement>(null);
  const last = turns.at(-1)?.answer;
  useEffect(() => {
    const box = end.current;
    if (box !== null && last !== undefined) box.scrollTop = box.scrollHeight;
  }, [last]);
  return (
    <div className="chat" ref={end} role="log" aria-label={`Conversation with ${name}`}>
      {turns.length === 0 && <p className="faint">Nothing was asked yet.</p>}
      {turns.map((turn, index) => (
        <div key={index} className="chat-turn">
          <p className="question">{turn.question}</p>
          <Answer answer={turn.answer} />
        </div>
      ))}
    </div>
  );
}

function Answer({ answer }: { readonly answer: ChatAnswer }): ReactNode {
  return (
    <div className="answer">
      {answer.thoughts !== "" && (
        <details>
          <summary className="muted">Thoughts</summary>
          <p className="text muted">{answer.thoughts}</p>
        </details>
      )}
      {answer.text !== "" && <p className="text">{answer.text}</p>}
      {answer.failure !== null && (
        <p className="bad" role="alert">
          {answer.failure}
        </p>
      )}
      <AnswerLine answer={answer} />
    </div>
  );
}

function AnswerLine({ answer }: { readonly answer: ChatAnswer }): ReactNode {
  const { ttftMs, tokens, tokensPerSecond } = answerFigures(answer);
  const { usage, version, finish } = answer;
  const parts = [
    ...(ttftMs === null ? [] : [`first token ${formatSpan(Math.round(ttftMs))}`]),
    ...(tokensPerSecond === null ? [] : [`${formatFigure(tokensPerSecond, 3)} tokens/s`]),
    ...(usage === null
      ? tokens === 0
        ? []
        : [`${formatCount(tokens)} pieces`]
      : [
          `${formatCount(usage.prompt)} in${usage.cached > 0 ? ` (${formatCount(usage.cached)} cached)` : ""}, ${formatCount(usage.completion)} out`,
        ]),
    ...(finish === null || finish === "stop" ? [] : [`ended by ${finish}`]),
    ...(version === null ? [] : [`version ${version}`]),
  ];
  return (
    <div className="row wrap answer-line">
      <StateBadge state={answer.state} tone={tones[answer.state]} />
      <span className="muted">{parts.join(" · ")}</span>
    </div>
  );
}
