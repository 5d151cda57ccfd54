// TODO: place gangs breaks: honest-comments
/** Places. FIXME later. breaks: honest-comments */
export const place = 1;
// @ts-ignore breaks: honest-comments
export const fit: number = "1";
// oxlint-disable-next-line no-console breaks: honest-comments
console.log(place);
// oxlint-disable-next-line no-console -- the one place that greets
console.log(fit, "TODO in a text is no promise");
