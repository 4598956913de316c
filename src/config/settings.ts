/** Placeholder until the table of settings lands in the next commit. */
export type SettingName = string;
export type Settings = Readonly<Record<string, unknown>>;
