/** One `import`, `export … from` or `import()` of a file. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** `type` imports vanish when types are stripped; `value` and `lazy` (`import()`) ones run. */
  readonly kind: "value" | "type" | "lazy";
  /** The file of the tree that a relative specifier names; undefined for packages and for missing files. */
  readonly target: string | undefined;
}

/** Something seen at a line: a global that is used, a name that is declared, a comment, a piece of text. */
export interface Sighting {
  readonly text: string;
  readonly line: number;
}

/** What the rules need to know of one file. Lines count from 1. */
export interface SourceFile {
  /** Relative to the root of the tree, with `/`. */
  readonly path: string;
  readonly lineCount: number;
  readonly imports: readonly Import[];
  /** Free names and their members: `Date`, `Math.random`, `process.env`, `import.meta`. */
  readonly globals: readonly Sighting[];
  /** Names of called methods: `selectFrom`. */
  readonly methodCalls: readonly Sighting[];
  /** Tags of tagged templates: `sql`. */
  readonly templateTags: readonly Sighting[];
  /** Strings and the fixed parts of templates; not the specifiers of imports. */
  readonly literals: readonly Sighting[];
  /** Names declared at the top of the file. */
  readonly declarations: readonly Sighting[];
  readonly comments: readonly Sighting[];
  readonly defaultExports: readonly Sighting[];
  /** `export * from` statements. */
  readonly starExports: readonly Sighting[];
  /** Whether the file has exports and declares nothing of its own. */
  readonly isOnlyReexports: boolean;
}
