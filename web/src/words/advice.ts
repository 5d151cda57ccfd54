const adviceByCode: Readonly<Record<string, string>> = {
  "tenancy.self-approval":
    "A second identity must approve: ask a colleague, or issue a key for another identity that holds the approver role in this project.",
  "tenancy.forbidden": "Your key does not carry this right. Ask an administrator of the project for a role that does.",
  "web.server-unreachable": "This page goes on by itself once the server answers again.",
  "platform.resource-conflict":
    "Someone changed it meanwhile. The page shows the newest state; look at it and try again.",
  "platform.database-unavailable": "The server waits for its database and goes on by itself. See the server's log.",
  "platform.disk-full": "Free space in the data directory, then try again.",
  "web.unexpected": "Reload the page. If it comes back, the browser's console has the details for a report.",
};

/** What to do about a fault, beyond its own message; null when the message says it all. */
export function adviceFor(code: string, status: number | null): string | null {
  const advice = adviceByCode[code];
  if (advice !== undefined) return advice;
  // A planner's refusal says itself what there is.
  if (status === 404 && !code.startsWith("planning."))
    return "It may have been deleted, or its name is different. Go back to the list to see what there is.";
  if (status !== null && status >= 500)
    return "This is a fault of the server. Its log has an entry with this request's id.";
  return null;
}
