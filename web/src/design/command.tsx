import { type ReactNode, useState } from "react";

const shownCopiedMs = 1500;

/** A button that puts `text` on the clipboard and says so. */
export function CopyButton({ text, label = "Copy" }: { readonly text: string; readonly label?: string }): ReactNode {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    void navigator.clipboard?.writeText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), shownCopiedMs);
    });
  };
  return (
    <button type="button" className="button quiet small" onClick={copy} title={text}>
      {copied ? "Copied" : label}
    </button>
  );
}

/** A command for the terminal, ready to copy. */
export function Command({ text }: { readonly text: string }): ReactNode {
  return (
    <span className="command">
      <code>{text}</code>
      <CopyButton text={text} />
    </span>
  );
}
