export const forgotten = "forgotten";
