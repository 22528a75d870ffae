# What an ordinary Python program costs that needs neither the environment nor site-packages.
print("acceptd bench: hello, world")
