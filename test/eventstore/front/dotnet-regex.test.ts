import { expect } from "chai";
import { fromDotNet } from "../../../tools/eventstore/services/dotnet-regex.js";
import { RpcError } from "../../../tools/eventstore/services/status.js";

describe("a regular expression of .NET", () => {
  const known: [pattern: string, passes: readonly string[], fails: readonly string[]][] = [
    ["^[^$].*", ["order-1", "a$"], ["$ce-order", ""]],
    ["^order-|^invoice-", ["order-1", "invoice-1"], ["my-order-1"]],
    ["er-\\d+$", ["order-12", "order-12\n"], ["order-x", "order-12\n\n"]],
    ["\\Aorder\\z", ["order"], ["order\n", "xorder"]],
    ["\\Aorder\\Z", ["order", "order\n"], ["orders"]],
    ["(?i)^ORDER", ["order-1", "Order-1"], ["reorder"]],
    ["(?s)^a.b$", ["a\nb"], ["ab"]],
    ["^a.b$", ["a\rb", "a😀b"], ["a\nb"]],
    ["(?m)^b$", ["a\nb\nc"], ["a\rb"]],
    ["(?im)^B", ["a\nb"], ["ab"]],
    ["^[\\w.-]+$", ["a.b-c_1", "größe", "日本"], ["a b"]],
    ["^[^\\W\\d]+$", ["abc"], ["a1", "a b"]],
    ["\\bfoo\\b", ["a foo b", "foo"], ["foob", "äfoo"]],
    ["\\Bfoo", ["äfoo"], ["foo", "a foo"]],
    ["^\\p{Lu}\\P{L}$", ["Ä1"], ["ä1", "Äa"]],
    ["^(?<n>a|b)\\k<n>\\1$", ["aaa", "bbb"], ["aab"]],
    ["(?#comment)^a(?=b)(?!bc)", ["ab"], ["abc", "a"]],
    ["(?<=x)a|(?<!y)b", ["xa", "xb"], ["ya", "yb"]],
    ["^a{2}b{1,}c{0,1}$", ["aab", "aabbc"], ["ab"]],
    ["^a{,2}{}$", ["a{,2}{}"], ["aa"]],
    ["^[]a]+$", ["]a"], ["b"]],
    ["^[^]a]+$", ["b"], ["]"]],
    ["^[-a]+[a-]+[+--]$", ["-a-a,"], ["-a-a."]],
    ["^[a\\-c\\]\\[\\\\]+$", ["a-c][\\"], ["b"]],
    ["^[a&&b~~c::{}()/|]+$", ["a&b~c:{}()/|"], ["d"]],
    ["^\\$\\.\\-\\@\\/\\#$", ["$.-@/#"], ["$"]],
    ["^\\x41\\u00e4\\t\\a\\e[\\b]$", ["Aä\t\x07\x1b\b"], ["A"]],
    ["^/a/$", ["/a/"], ["a"]],
    ["^[😀-😂]$", ["😁"], ["a", "\ud83d"]],
    ["a*?b+?c??", ["b"], ["a"]],
  ];
  for (const [pattern, passes, fails] of known)
    it(`${pattern} is known here`, () => {
      const regex = fromDotNet(pattern);
      expect(
        passes.filter((text) => !regex.test(text)),
        "pass",
      ).to.deep.equal([]);
      expect(
        fails.filter((text) => regex.test(text)),
        "fail",
      ).to.deep.equal([]);
    });

  const unknown = [
    "(",
    ")",
    "[",
    "[]",
    "*",
    "a**",
    "[z-a]",
    "\\",
    "\\q",
    "[\\d-z]",
    "a{2}{3}",
    "(?<1",
    "\\2",
    "\\k<n>",
  ];
  const foreign = ["(?>a)", "(?i:a)", "a(?i)b", "(?x)a b", "(?n)(a)", "(?-i)a", "(?'n'a)", "(?<a-b>c)", "(?(a)b|c)"];
  const more = ["[a-z-[aeiou]]", "\\G", "\\p{IsGreek}", "\\012"];
  for (const pattern of [...unknown, ...foreign, ...more])
    it(`${pattern} is refused`, () => {
      expect(() => fromDotNet(pattern))
        .to.throw(RpcError, "Use prefixes, or an expression that both .NET and JavaScript know.")
        .with.property("details")
        .which.includes(`The filter's regular expression ${pattern} cannot be used: `);
    });
});
