import { Outlet } from "@tanstack/react-router";
import { type ReactNode, useCallback, useState } from "react";
import { Navigation } from "./navigation.tsx";
import { Palette } from "./palette.tsx";
import { Topbar } from "./topbar.tsx";
import { useKeys } from "./use-keys.ts";

/** The frame around every page. */
export function Layout(): ReactNode {
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const openPalette = useCallback(() => setPaletteOpen(true), []);
  const closePalette = useCallback(() => setPaletteOpen(false), []);
  useKeys(openPalette);
  return (
    <div className="shell">
      <Navigation />
      <Topbar onPalette={openPalette} />
      <main className="page">
        <div className="stack">
          <Outlet />
        </div>
      </main>
      {isPaletteOpen && <Palette onClose={closePalette} />}
    </div>
  );
}
