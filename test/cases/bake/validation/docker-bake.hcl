variable "PORT" {
  type = number
  default = 8080
  validation {
    condition = PORT > 1024
    error_message = "PORT is above 1024."
  }
  validation {
    condition = PORT < MAX
    error_message = "too large: ${PORT}"
  }
}
variable "MAX" { default = 9000 }
target "default" { args = { PORT = PORT } }
