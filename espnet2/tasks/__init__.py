"""Tasks: each file is a menu of choices and how a model is made from them."""
