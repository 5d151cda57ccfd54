import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useResource } from "../../api/resources.ts";
import { EmptyState } from "../../design/empty-state.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { usePlace } from "../../design/use-place.ts";
import { ChatPlayground } from "./chat-playground.tsx";
import "./playground.css";
import { servedProtocol } from "./served-protocol.ts";
import { TensorPlayground } from "./tensor-playground.tsx";

/** Asks a deployment by hand: a chat, or tensors. */
export function PlaygroundPage(): ReactNode {
  const { project, name } = usePlace();
  const query = useResource("deployments", project, name);
  return (
    <QueryView query={query}>
      {(deployment) => {
        const protocol = servedProtocol(deployment);
        return (
          <>
            <PageHead
              title="Playground"
              crumbs={
                <>
                  <Link to="/deployments">Deployments</Link> / {project} /{" "}
                  <Link to="/deployments/$project/$name" params={{ project, name }}>
                    {name}
                  </Link>
                </>
              }
              badge={<StateBadge state={deployment.phase} />}
            />
            {protocol === "openai" && <ChatPlayground project={project} deployment={deployment} />}
            {protocol === "v2" && <TensorPlayground project={project} name={name} />}
            {protocol === null && (
              <Panel>
                <EmptyState title={`${name} does not serve yet`} command={`millwright describe deployment/${name}`}>
                  This page begins by itself once it does.
                </EmptyState>
              </Panel>
            )}
          </>
        );
      }}
    </QueryView>
  );
}
