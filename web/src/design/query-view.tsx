import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { FailureNotice } from "./failure-notice.tsx";
import { SkeletonLines } from "./skeleton.tsx";

/** Shows a query's data; a skeleton before it came, and what to do when it cannot come. Old data stays visible. */
export function QueryView<Data>({
  query,
  skeletonLines = 4,
  children,
}: {
  readonly query: UseQueryResult<Data>;
  readonly skeletonLines?: number;
  readonly children: (data: Data) => ReactNode;
}): ReactNode {
  if (query.data !== undefined) return children(query.data);
  if (query.error === null) return <SkeletonLines count={skeletonLines} />;
  return (
    <div style={{ padding: 14 }}>
      <FailureNotice error={query.error} onRetry={() => void query.refetch()} />
    </div>
  );
}
