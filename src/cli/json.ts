/** How values look in --json: camelCase names, null for what is absent, times in ISO 8601, UTC. */
export function orNull(text: string): string | null {
  return text === '' ? null : text;
}

export function iso(moment: Date | undefined): string | null {
  return moment?.toISOString() ?? null;
}
