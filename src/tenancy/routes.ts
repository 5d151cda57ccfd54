import * as z from "zod";
import { defineRoute, type Route } from "../platform/route.ts";
import type { Gatekeeper } from "../platform/ports.ts";
import { identitySchema, issuedKeySchema, newIdentitySchema, newKeySchema } from "./model.ts";
import type { Identities } from "./drivers/identities.ts";

/** Identities and keys: who may do what. */
export function tenancyRoutes(identities: Identities, gatekeeper: Gatekeeper): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/whoami",
      summary: "Tells who the key belongs to and which projects it may read (null: all).",
      permission: { scope: "any" },
      reply: z.object({
        identity: z.string(),
        project: z.string().nullable(),
        projects: z.array(z.string()).nullable(),
      }),
      handler: async ({ caller }) => {
        const projects = await gatekeeper.readableProjects(caller);
        return {
          identity: caller.identity,
          project: caller.project,
          projects: projects === null ? null : [...projects],
        };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/identities",
      summary: "Lists people and services with their roles.",
      permission: { scope: "platform", action: "administer" },
      reply: z.object({ items: z.array(identitySchema) }),
      handler: async () => ({ items: [...(await identities.list())] }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/identities",
      summary: "Adds a person or a service with a role in a team, or changes that role.",
      permission: { scope: "platform", action: "administer" },
      body: newIdentitySchema,
      reply: identitySchema.pick({ name: true, kind: true }),
      handler: async ({ body, caller }) => {
        await identities.put(
          caller.identity,
          { name: body.name, kind: body.kind },
          { team: body.team, role: body.role },
        );
        return { name: body.name, kind: body.kind };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/keys",
      summary: "Issues an API key; it is shown this once.",
      permission: { scope: "platform", action: "administer" },
      body: newKeySchema,
      reply: issuedKeySchema,
      handler: async ({ body, caller }) =>
        await identities.issueKey(caller.identity, {
          identity: body.identity,
          project: body.project ?? null,
          expiresInMs: body.expiresInMs ?? null,
        }),
    }),
    defineRoute({
      method: "DELETE",
      path: "/api/v1/keys/:id",
      summary: "Revokes an API key; it stops working within 2 s.",
      permission: { scope: "platform", action: "administer" },
      params: z.object({ id: z.string() }),
      reply: z.object({ revoked: z.boolean() }),
      handler: async ({ params, caller }) => ({ revoked: await identities.revokeKey(caller.identity, params.id) }),
    }),
  ];
}
