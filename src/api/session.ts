/** SessionService: programs of the caller's Linux user, and looking after them. */
import { SessionServiceDefinition } from '../generated/latchkey/v1/session.ts';
import type { SessionQuery } from '../store/sessions.ts';
import { type ServedMethod, serve } from './methods.ts';

export interface SessionRooms {
  readonly sessions: { list(query: SessionQuery): Promise<{ total: number }> };
}
export function sessionService(_rooms: SessionRooms): ServedMethod[] {
  return serve(SessionServiceDefinition, {} as never);
}
