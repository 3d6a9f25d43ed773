# tsbuild bake                 builds both greetings
# tsbuild bake --print         shows what that means
variable "NAME" {
  default     = "world"
  description = "Who is greeted"
}

target "words" {
  dockerfile-inline = <<-EOT
    FROM scratch
    COPY words /words
  EOT
}

target "default" {
  name   = "greet-${lang}"
  matrix = { lang = ["en", "de"] }

  contexts = { words = "target:words" }
  args     = { LANG = lang }
  labels   = { greets = NAME }
  output   = ["type=local,dest=out/${lang}"]
}
