import test from "ava";
import { cleanPath, type MatchInfo, PatternMatcher, PatternSyntaxError } from "../../../core/text/pattern-matcher.js";

/** moby/patternmatcher's own table: patterns, path, whether it matches. */
const CASES: readonly (readonly [patterns: string | readonly string[], path: string, matches: boolean])[] = [
  ["**", "file", true],
  ["**", "file/", true],
  ["**/", "file", true],
  ["**/", "file/", true],
  ["**", "/", true],
  ["**/", "/", true],
  ["**", "dir/file", true],
  ["**/", "dir/file", true],
  ["**", "dir/file/", true],
  ["**/", "dir/file/", true],
  ["**/**", "dir/file", true],
  ["**/**", "dir/file/", true],
  ["dir/**", "dir/file", true],
  ["dir/**", "dir/file/", true],
  ["dir/**", "dir/dir2/file", true],
  ["dir/**", "dir/dir2/file/", true],
  ["**/dir", "dir", true],
  ["**/dir", "dir/file", true],
  ["**/dir2/*", "dir/dir2/file", true],
  ["**/dir2/*", "dir/dir2/file/", true],
  ["**/dir2/**", "dir/dir2/dir3/file", true],
  ["**/dir2/**", "dir/dir2/dir3/file/", true],
  ["**file", "file", true],
  ["**file", "dir/file", true],
  ["**/file", "dir/file", true],
  ["**file", "dir/dir/file", true],
  ["**/file", "dir/dir/file", true],
  ["**/file*", "dir/dir/file", true],
  ["**/file*", "dir/dir/file.txt", true],
  ["**/file*txt", "dir/dir/file.txt", true],
  ["**/file*.txt", "dir/dir/file.txt", true],
  ["**/file*.txt*", "dir/dir/file.txt", true],
  ["**/**/*.txt", "dir/dir/file.txt", true],
  ["**/**/*.txt2", "dir/dir/file.txt", false],
  ["**/*.txt", "file.txt", true],
  ["**/**/*.txt", "file.txt", true],
  ["a**/*.txt", "a/file.txt", true],
  ["a**/*.txt", "a/dir/file.txt", true],
  ["a**/*.txt", "a/dir/dir/file.txt", true],
  ["a/*.txt", "a/dir/file.txt", false],
  ["a/*.txt", "a/file.txt", true],
  ["a/*.txt**", "a/file.txt", true],
  ["a[b-d]e", "ae", false],
  ["a[b-d]e", "ace", true],
  ["a[b-d]e", "aae", false],
  ["a[^b-d]e", "aze", true],
  [".*", ".foo", true],
  [".*", "foo", false],
  ["abc.def", "abcdef", false],
  ["abc.def", "abc.def", true],
  ["abc.def", "abcZdef", false],
  ["abc?def", "abcZdef", true],
  ["abc?def", "abcdef", false],
  ["a\\\\", "a\\", true],
  ["a\\*b", "a*b", true],
  ["**/foo/bar", "foo/bar", true],
  ["**/foo/bar", "dir/foo/bar", true],
  ["**/foo/bar", "dir/dir2/foo/bar", true],
  ["abc/**", "abc", false],
  ["abc/**", "abc/def", true],
  ["abc/**", "abc/def/ghi", true],
  ["**/.foo", ".foo", true],
  ["**/.foo", "bar.foo", false],
  ["a(b)c/def", "a(b)c/def", true],
  ["a(b)c/def", "a(b)c/xyz", false],
  ["a.|)$(}+{bc", "a.|)$(}+{bc", true],
  ["dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", true],
  ["dist/*.whl", "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", true],
  [["**", "!util/docker/web"], "util/docker/web/foo", false],
  [["**", "!util/docker/web", "util/docker/web/foo"], "util/docker/web/foo", true],
  [["**", "!dist/*.whl"], "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", false],
  ["*", "fileutils.go", true],
  ["*.go", "fileutils.go", true],
  [["!fileutils.go", "*.go"], "fileutils.go", true],
  [["docs", "!docs/README.md"], "docs/README.md", false],
  [["docs/", "!docs/README.md"], "docs/README.md", false],
  [["docs/*", "!docs/README.md"], "docs/README.md", false],
  [["*.go", "!fileutils.go"], "fileutils.go", false],
  [[], "any/path/there", false],
  [["", "  docs  "], "docs/a", true],
  // Beyond the table.
  ["a]b", "a]b", true],
  ["[[]x", "[x", true],
  ["ünï/*", "ünï/çödé", true],
  ["?", "😀", true],
  ["a\\d", "ad", true],
];

test("moby's table, looking at parents", (t) => {
  for (const [patterns, path, expected] of CASES) {
    t.is(new PatternMatcher([patterns].flat()).matches(path), expected, `${JSON.stringify(patterns)} on "${path}"`);
  }
});

test("moby's table, walking with the results of parents", (t) => {
  for (const [patterns, path, expected] of CASES) {
    // A trailing slash would be a directory that the walk has been in already.
    const matcher = new PatternMatcher([patterns].flat());
    let parent: MatchInfo | undefined;
    for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1)) {
      parent = matcher.matchesUsingParent(path.slice(0, slash), parent).info;
    }
    t.is(matcher.matchesUsingParent(path, parent).matched, expected, `${JSON.stringify(patterns)} on "${path}"`);
  }
});

test("patterns that Go refuses are refused by name", (t) => {
  for (const pattern of ["!", "[", "a[", "a[]", "[a-]", "[-x]", "a\\", "[^]", "[a", "x[a-"]) {
    const error = t.throws(() => new PatternMatcher([pattern]), { instanceOf: PatternSyntaxError }, pattern);
    t.is(error?.pattern, pattern);
  }
});

test("exclusions are known, empty patterns are dropped", (t) => {
  t.true(new PatternMatcher(["docs", "  !docs/README.md "]).hasExclusions);
  t.is(new PatternMatcher(["docs", "config", ""]).patterns.length, 2);
});

test("paths are cleaned as Go's filepath.Clean does", (t) => {
  const cases = {
    "": ".",
    "/": "/",
    "a/b/": "a/b",
    "./a": "a",
    "a//b": "a/b",
    "a/../b": "b",
    "../a": "../a",
    "/../a": "/a",
    "a/..": ".",
    "!x/./y": "!x/y",
  };
  for (const [path, expected] of Object.entries(cases)) t.is(cleanPath(path), expected, path);
});
