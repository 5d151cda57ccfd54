import type { Page } from "playwright-core";

/** Waits until a member of the page's address is so; null: until it is not there. The address follows a click a moment later. */
export async function untilAddressed(page: Page, name: string, wanted: string | null): Promise<void> {
  await page.waitForURL((url) => url.searchParams.get(name) === wanted);
}

/** Waits until a member of the page's address is there, and as wanted. @returns it. */
export async function addressMember(
  page: Page,
  name: string,
  isWanted: (member: string) => boolean = () => true,
): Promise<string> {
  const read = (url: URL): string | null => url.searchParams.get(name);
  await page.waitForURL((url) => {
    const member = read(url);
    return member !== null && isWanted(member);
  });
  return read(new URL(page.url())) ?? "";
}
