import { useCallback, useEffect, useRef, useState } from "react";
import { ApiFailure } from "../../api/client.ts";
import { streamChat } from "../../api/invoke.ts";
import {
  type ChatAnswer,
  type ChatSettings,
  chatRequest,
  type ChatTurn,
  ended,
  newAnswer,
  withMessage,
} from "./chat-turn.ts";

/** A conversation with one deployment. */
export interface Chat {
  readonly turns: readonly ChatTurn[];
  readonly isBusy: boolean;
  /** Asks, once the answer before is there. */
  readonly ask: (question: string, settings: ChatSettings) => void;
  readonly abort: () => void;
  readonly clear: () => void;
}

/** Who is asked: a deployment, or one of its versions; null leaves the version to the split of its traffic. */
export interface ChatPartner {
  readonly project: string;
  readonly name: string;
  readonly version: string | null;
}

/** Keeps a conversation; what is under way ends with the page. */
export function useChat({ project, name, version }: ChatPartner): Chat {
  const [turns, setTurns] = useState<readonly ChatTurn[]>([]);
  const running = useRef<AbortController | null>(null);
  const abort = useCallback(() => running.current?.abort(), []);
  useEffect(() => abort, [abort, project, name, version]);

  const changeLast = (change: (answer: ChatAnswer) => ChatAnswer): void =>
    setTurns((before) =>
      before.map((turn, index) => (index === before.length - 1 ? { ...turn, answer: change(turn.answer) } : turn)),
    );

  const ask = (question: string, settings: ChatSettings): void => {
    if (running.current !== null) return;
    const aborting = new AbortController();
    running.current = aborting;
    setTurns([...turns, { question, answer: newAnswer(performance.now()) }]);
    const model = version === null ? name : `${name}@${version}`;
    const hear = {
      onHead: ({ version }: { readonly version: string | null }): void =>
        changeLast((answer) => ({ ...answer, version })),
      onMessage: ({ data }: { readonly data: string }): void => {
        const now = performance.now();
        changeLast((answer) => withMessage(answer, data, now));
      },
    };
    const finish = (failure: string | null): void => {
      const isAborted = aborting.signal.aborted;
      running.current = null;
      changeLast((answer) => ended(answer, { isAborted, failure }));
    };
    streamChat({ project, name }, { ...chatRequest(settings, turns, question), model }, hear, aborting.signal).then(
      () => finish(null),
      (error: unknown) => finish(failureWords(error)),
    );
  };
  const last = turns.at(-1)?.answer.state;
  return { turns, isBusy: last === "waiting" || last === "streaming", ask, abort, clear: () => setTurns([]) };
}

function failureWords(error: unknown): string {
  if (error instanceof ApiFailure) return `${error.message} (${error.code})`;
  return error instanceof Error ? error.message : String(error);
}
