/** The roles by name. */
import type { Role } from '../option.ts';
import { DOCTOR } from './doctor.ts';
import { LINK } from './link.ts';
import { SERVE } from './serve.ts';
import { TUI } from './tui.ts';

export const ROLES: ReadonlyMap<string, Role> = new Map(
  [SERVE, LINK, TUI, DOCTOR].map((role) => [role.name, role]),
);
