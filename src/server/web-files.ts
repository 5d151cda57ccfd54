import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";

/** Where the built UI lies: beside the built server in the package, or in dist/ of a source tree. */
function webFolder(): string | undefined {
  const candidates = [join(import.meta.dirname, "../../web"), join(import.meta.dirname, "../../dist/web")];
  return candidates.find((folder) => existsSync(join(folder, "index.html")) && existsSync(join(folder, "assets")));
}

const notBuiltPage = `<!doctype html><title>Millwright</title><p>The UI is not built. Run <code>npm run build:web</code> and reload.</p>`;

/** The UI asks for nothing but this server. */
const contentSecurityPolicy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/** Serves the UI at `/`: files as they are, and every other page address as the app itself. */
export async function serveWeb(app: FastifyInstance): Promise<void> {
  const folder = webFolder();
  if (folder === undefined) {
    app.get("/", async (_request, reply) => reply.type("text/html").send(notBuiltPage));
    return;
  }
  await app.register(fastifyStatic, {
    root: folder,
    prefix: "/",
    wildcard: false,
    setHeaders: (reply, path) => {
      reply.header("content-security-policy", contentSecurityPolicy);
      // Names in assets/ carry a hash of the content; the page itself must be asked for each time.
      reply.header("cache-control", path.includes("/assets/") ? "public, max-age=31536000, immutable" : "no-cache");
    },
  });
  app.get("/*", async (request, reply) => {
    const path = request.url.split("?")[0] ?? "/";
    if (path.startsWith("/api/") || path.startsWith("/ajax-api/") || path.startsWith("/assets/"))
      return reply.callNotFound();
    return await reply.sendFile("index.html");
  });
}
