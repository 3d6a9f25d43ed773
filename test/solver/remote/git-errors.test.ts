import test from "ava";
import { gitFailed } from "../../../solver/remote/git-errors.js";
import { type GitSource, readGit } from "../../../llb/sources/git.js";
import type { SshAccess } from "../../../solver/remote/git-ssh.js";

const sourceOf = (url: string) => readGit({ kind: "source", identifier: "git://h/x", attrs: { "git.fullurl": url } }) as GitSource;
const NO_KEYS: SshAccess = { kind: "none" };

const CASES: readonly (readonly [title: string, said: string, message: RegExp, hint: RegExp])[] = [
  ["git's own reason", "warning: a\nfatal: repository 'x' not found\nmore\n", /: repository 'x' not found$/, /git ls-remote/],
  [
    "the reason of ssh before git's",
    "ssh: connect to host h port 22: Connection refused\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\n",
    /: ssh: connect to host h port 22: Connection refused$/,
    /git ls-remote/,
  ],
  [
    "a user whom passwd does not know",
    "No user exists for uid 123456\nfatal: Could not read from remote repository.\n",
    /: No user exists for uid 123456$/,
    /\/etc\/passwd/,
  ],
  [
    "git's own reason where ssh gave none",
    "fatal: Could not read from remote repository.\n",
    /: Could not read from remote repository\.$/,
    /git ls-remote/,
  ],
  [
    "a key that is not taken",
    "git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.\n",
    /Permission denied/,
    /--ssh default /,
  ],
  ["a missing token", "fatal: could not read Username for 'https://h'\n", /could not read Username/, /GIT_AUTH_TOKEN\.h\)/],
  ["silence", "", /git failed and said nothing$/, /git ls-remote/],
];

for (const [title, said, message, hint] of CASES) {
  test(`a failed git is explained by ${title}`, (t) => {
    const error = gitFailed("read x", said, sourceOf("https://h/x.git"), NO_KEYS);
    t.regex(error.message, message);
    t.regex(error.hint ?? "", hint);
  });
}

test("a failed git over SSH: the way out depends on the keys that there were", (t) => {
  const said = "git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.\n";
  const hints = ([NO_KEYS, { kind: "agent", socket: "/s" }, { kind: "caller", socket: undefined }] satisfies SshAccess[]).map(
    (access) => gitFailed("read x", said, sourceOf("git@h:x"), access).hint,
  );
  t.is(new Set(hints).size, 3);
  t.regex(hints[0] ?? "", /without your keys; give them with --ssh default/);
});
