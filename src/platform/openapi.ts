import * as z from "zod";
import { type KindDefinition, manifestSchema } from "./resource.ts";
import type { Route } from "./route.ts";

/** Writes the OpenAPI 3.1 document of these routes; schemas come from the same zod types that validate. */
export function openApiDocument(routes: readonly Route[], kinds: readonly KindDefinition[], version: string): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}").replace("*", "{rest}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Millwright", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer" } },
      schemas: {
        ...Object.fromEntries(
          kinds.map((definition) => [definition.kind, toSchema(manifestSchema(definition), "input")]),
        ),
        Error: toSchema(errorSchema, "output"),
      },
    },
  };
}

const errorSchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.unknown()),
    requestId: z.string(),
  }),
});

function operation(route: Route): unknown {
  const parameters = [...fields(route.params, "path"), ...fields(route.query, "query")];
  return {
    summary: route.summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body === undefined ? {} : { requestBody: { required: true, content: requestContent(route.body) } }),
    responses: {
      200: {
        description: "OK",
        ...(route.reply === undefined
          ? {}
          : { content: { "application/json": { schema: toSchema(route.reply, "output") } } }),
      },
      default: {
        description: "A fault",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
      },
    },
    ...(route.permission.scope === "open" ? { security: [] } : {}),
  };
}

function requestContent(body: z.ZodType | "stream"): unknown {
  if (body === "stream") return { "application/octet-stream": { schema: { type: "string", format: "binary" } } };
  return { "application/json": { schema: toSchema(body, "input") } };
}

function fields(schema: z.ZodType | undefined, place: "path" | "query"): unknown[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape as Record<string, z.ZodType>).map(([name, field]) => ({
    name,
    in: place,
    required: place === "path" || !field.safeParse(undefined).success,
    schema: toSchema(field, "input"),
  }));
}

function toSchema(schema: z.ZodType, io: "input" | "output"): unknown {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}
