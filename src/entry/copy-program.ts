/**
 * The word for the host's end of a copy. As a command of StartSession it stands for the program of the link
 * itself, whatever is in the user's PATH; as the first word of that program's command line it selects the
 * role. A link that is older than this finds no program of that name.
 */
export const COPY_PROGRAM = 'latchkey:copy';
