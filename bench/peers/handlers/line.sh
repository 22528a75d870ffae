#!/bin/sh
# What an ordinary shell script costs.
echo "acceptd bench: hello, world"
