import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Every worker clones a database and may start processes: more workers than this only wait for the disk. */
const workersMax = 4;

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "tools/**/*.test.ts", "web/src/**/*.test.{ts,tsx}"],
    exclude: ["**/node_modules/**", "**/dist/**", "test/canary/**"],
    globalSetup: ["test/global-setup.ts"],
    // Processes, not threads: DuckDB, LMDB and the ONNX runtime are native and outlive a thread badly.
    pool: "forks",
    maxWorkers: Math.min(workersMax, availableParallelism()),
    // A test that hangs ends here. Longer than the longest wait of `until`, which says what it waited for.
    testTimeout: 180_000,
    // As long as the longest wait of `until`: a busy machine may need more than the second that is usual.
    expect: { poll: { timeout: 120_000 } },
    hookTimeout: 180_000,
    teardownTimeout: 30_000,
    // Nothing leaks from one test into the next by accident.
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
  },
});
