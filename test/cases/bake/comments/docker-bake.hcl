# one
// two
/* three
   lines */
target default { # no quotes
  tags = [
    "a", // first
    "b", # second
  ]
  args = {
    A : "1", B = "2"
    "C-D" = "3"
  }
}
