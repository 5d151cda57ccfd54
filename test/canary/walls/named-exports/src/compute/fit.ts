/** Fits. */
export const fit = 1;
export { fit as default }; // breaks: named-exports
