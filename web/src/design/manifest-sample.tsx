import type { ReactNode } from "react";
import { CopyButton } from "./command.tsx";

/** What a view shows when something was not declared yet: why, and a command with a manifest to start from. */
export function ManifestSample({
  title,
  children,
  manifest,
}: {
  readonly title: string;
  readonly children?: ReactNode;
  readonly manifest: string;
}): ReactNode {
  const command = `millwright apply -f - <<'END'\n${manifest}\nEND`;
  return (
    <div className="empty">
      <strong>{title}</strong>
      {children !== undefined && <p>{children}</p>}
      <div className="manifest-sample">
        <pre>{command}</pre>
        <CopyButton text={command} />
      </div>
    </div>
  );
}
