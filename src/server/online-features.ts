/** The gateway's thread opens the online store by this module's address, which holds in the source tree and in the package. */
export { openLmdbOnlineStore } from "../features/drivers/lmdb-online-store.ts";

/** This module's own address. */
export const onlineFeaturesModule = import.meta.url;
