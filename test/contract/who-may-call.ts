/**
 * The expected access policy: a policy that differs fails, here and over the wire. No line is
 * computed; a change of src/api/pipeline/policy.ts is decided once more in the line that it breaks.
 *
 * | column | caller |
 * |---|---|
 * | nobody | without a valid token: none, expired, revoked, or a stolen one of the local administrator |
 * | daemon | with the token of a link daemon of alice's |
 * | alice | the login whose tokens, links and sessions all calls are about |
 * | mallory | another login without a role |
 * | manager, admin | a login with that role |
 * | root | the local administrator, with the token of the run folder; has no link |
 * | remote | alice, from another host |
 *
 * | mark | answer |
 * |---|---|
 * | yes | what was asked for |
 * | no | PERMISSION_DENIED; for nobody, what is wrong with the token |
 * | here | LOCAL_ONLY: only for callers of the server's own host |
 * | hidden | NOT_FOUND: nothing of alice's is there for this caller |
 * | owner | PERMISSION_DENIED: the caller sees the session, and only its owner may do this with it |
 * | empty | a list without anything of alice's |
 * | unlinked | LINK_REQUIRED: the caller has no link to run anything through |
 */
const TABLE = `
                            nobody  daemon  alice  mallory  manager  admin   root      remote
latchkey.v1.AuthService
  ListMethods               yes     yes     yes    yes      yes      yes     yes       yes
  GetKeys                   yes     yes     yes    yes      yes      yes     yes       yes
  Login                     yes     yes     yes    yes      yes      yes     yes       yes
  WhoAmI                    no      yes     yes    yes      yes      yes     yes       yes
  Logout                    no      yes     yes    yes      yes      yes     yes       yes
latchkey.v1.TokenService
  ListTokens                no      no      yes    empty    yes      yes     yes       yes
  GetToken                  no      no      yes    hidden   yes      yes     yes       yes
  RevokeTokens              no      no      yes    hidden   yes      yes     yes       yes
  WatchTokens               no      no      yes    empty    yes      yes     yes       yes
  ListLogins                no      no      yes    empty    yes      yes     yes       yes
  VerifyToken               no      no      no     no       yes      yes     yes       no
latchkey.v1.LinkService
  RegisterLink              yes     yes     yes    yes      yes      yes     yes       here
  ListLinks                 no      no      yes    empty    yes      yes     yes       yes
  WatchLinks                no      no      yes    empty    yes      yes     yes       yes
  StartLink                 no      no      yes    yes      yes      yes     unlinked  yes
  StopLink                  no      no      yes    hidden   yes      yes     yes       yes
latchkey.v1.SessionService
  StartSession              no      no      yes    yes      yes      yes     unlinked  yes
  AttachSession             no      no      yes    hidden   owner    owner   owner     yes
  ReadOutput                no      no      yes    hidden   owner    owner   owner     yes
  ListSessions              no      no      yes    empty    yes      yes     yes       yes
  GetSession                no      no      yes    hidden   yes      yes     yes       yes
  WatchSessions             no      no      yes    empty    yes      yes     yes       yes
  SignalSession             no      no      yes    hidden   yes      yes     yes       yes
  EndSession                no      no      yes    hidden   yes      yes     yes       yes
  DisconnectSession         no      no      yes    hidden   yes      yes     yes       yes
  CordonSession             no      no      no     no       yes      yes     yes       no
  UncordonSession           no      no      no     no       yes      yes     yes       no
latchkey.v1.SystemService
  GetInfo                   no      no      yes    yes      yes      yes     yes       yes
  WatchActivity             no      no      no     no       yes      yes     yes       no
grpc.health.v1.Health
  Check                     yes     yes     yes    yes      yes      yes     yes       yes
  List                      yes     yes     yes    yes      yes      yes     yes       yes
  Watch                     yes     yes     yes    yes      yes      yes     yes       yes
grpc.reflection.v1.ServerReflection
  ServerReflectionInfo      yes     yes     yes    yes      yes      yes     yes       yes
`;

const COLUMNS = ['nobody', 'daemon', 'alice', 'mallory', 'manager', 'admin', 'root', 'remote'] as const;
const MARKS = ['yes', 'no', 'here', 'hidden', 'owner', 'empty', 'unlinked'] as const;

export type Column = (typeof COLUMNS)[number];
export type Mark = (typeof MARKS)[number];
type Line = Readonly<Record<Column, Mark>>;

/** The table, by `<service>/<method>`. */
export const WHO_MAY_CALL: ReadonlyMap<string, Line> = read(TABLE);

/** Parses the table. Throws for an unknown mark, and for a line with too few or too many marks. */
function read(table: string): Map<string, Line> {
  const [titles = [], ...rows] = table
    .split('\n')
    .map((row) => row.trim().split(/\s+/))
    .filter(([first]) => first !== '');
  if (titles.join() !== COLUMNS.join()) throw new Error(`the columns are ${titles}, not ${COLUMNS}`);
  const lines = new Map<string, Line>();
  let service = '';
  for (const [name = '', ...marks] of rows) {
    if (marks.length === 0) service = name;
    else lines.set(`${service}/${name}`, lineOf(name, marks));
  }
  return lines;
}

function lineOf(name: string, marks: readonly string[]): Line {
  const isMark = (word: string): word is Mark => MARKS.some((mark) => mark === word);
  if (marks.length !== COLUMNS.length || !marks.every(isMark)) throw new Error(`${name} reads ${marks}`);
  return Object.fromEntries(COLUMNS.map((column, at) => [column, marks[at]])) as Line;
}
