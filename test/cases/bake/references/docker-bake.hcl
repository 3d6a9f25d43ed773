target "base" {
  tags = ["base:1", "base:2"]
  args = { A = "x" }
  context = "dir"
  output = ["type=docker"]
}
target "default" {
  context = target.base.context
  args = {
    first = target.base.tags[0]
    all = join(",", target.base.tags)
    own = target.default.labels.k
    a = target.base.args["A"]
    out = target.base.output[0].type
  }
  labels = { k = "v" }
}
