// @ts-expect-error: the test proves that this does not compile
export const wrong: number = "1";
