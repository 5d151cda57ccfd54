import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import { ApiFailure } from "../api/client.ts";
import { keepQueriesLive } from "../api/live-queries.ts";
import { router } from "../router.tsx";

/** Answers younger than this are shown again without asking; events make them old at once. */
const freshMs = 20_000;
const retriesMax = 2;

function createQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: freshMs,
        refetchOnWindowFocus: false,
        retry: (count, error) =>
          count < retriesMax && error instanceof ApiFailure && (error.status === 0 || error.status >= 500),
      },
    },
  });
}

/** Everything that needs a key: the pages, their queries and the watch that keeps them true. */
export function SignedIn(): ReactNode {
  const [queries] = useState(createQueries);
  useEffect(() => {
    const stop = new AbortController();
    void keepQueriesLive(queries, stop.signal);
    return () => stop.abort();
  }, [queries]);
  return (
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  );
}
