import type { Materialisation } from "../features/ports.ts";
import type { FeatureBackfill } from "../serving/ports.ts";

/** The gateway's thread opens the online store by this module's address. */
export { openLmdbOnlineStore } from "../features/drivers/lmdb-online-store.ts";

/** This module's own address. */
export const onlineFeaturesModule = import.meta.url;

/** Fills the online store from what training sets are made from. */
export function featureBackfill(materialisation: Materialisation): FeatureBackfill {
  return {
    rows: (view, from, to, signal) => materialisation.rows(view.project, view.name, from, to, signal),
    newest: async (view, signal) => await materialisation.newest(view.project, view.name, signal),
  };
}
