"""The actions, a file for each verb or small family."""
