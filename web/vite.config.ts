import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const folder = fileURLToPath(new URL(".", import.meta.url));

/** Builds the web UI into `dist/web`; `vite dev` passes the API on to a server on its usual port. */
export default defineConfig({
  root: folder,
  plugins: [react()],
  build: {
    outDir: "../dist/web",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/api": process.env["MILLWRIGHT_URL"] ?? "http://127.0.0.1:7700" } },
});
