variable "GO_VERSION" { default = null }
variable "DESTDIR" { default = "./bin" }
variable "GITHUB_REF" { default = "" }
target "_common" {
  args = {
    GO_VERSION = GO_VERSION
    BUILDKIT_CONTEXT_KEEP_GIT_DIR = 1
  }
}
target "docker-metadata-action" {}
group "default" { targets = ["binaries"] }
group "validate" { targets = ["lint", "lint-gopls", "validate-vendor"] }
target "lint" {
  name = "lint-${buildtags.name}"
  inherits = ["_common"]
  dockerfile = "./hack/dockerfiles/lint.Dockerfile"
  output = [GITHUB_REF == "" ? "" : "type=cacheonly"]
  matrix = {
    buildtags = [
      { name = "default", tags = "", target = "golangci-lint" },
      { name = "labs", tags = "dfrunsecurity", target = "golangci-lint" },
    ]
  }
  target = buildtags.target
  args = { BUILDTAGS = buildtags.tags }
}
target "lint-gopls" { inherits = ["lint-default"] }
target "validate-vendor" {
  inherits = ["_common"]
  target = "validate"
  output = ["type=cacheonly"]
}
target "binaries" {
  inherits = ["_common", "docker-metadata-action"]
  target = "binaries"
  output = ["${DESTDIR}/build"]
  platforms = ["local"]
}
