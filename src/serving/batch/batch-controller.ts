import { open } from "node:fs/promises";
