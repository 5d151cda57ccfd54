/** SQL of another engine, which cannot reach our tables. */
export const rows = (file: string): string => `select count(*) from read_parquet('${file}')`;
