variable "REGISTRY" { default = "example.com" }
variable "TAG" { default = "latest" }
variable "EMPTY" {}
variable "REPO" { default = "${REGISTRY}/app" }
owner = "me"
image = "${REPO}-${owner}:${TAG}"
target "default" {
  tags = [image, EMPTY == "" ? "" : "${image}-${EMPTY}", "${REGISTRY}/x:${split(".", TAG)[0]}"]
}
