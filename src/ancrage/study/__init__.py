"""The main job: settings in, a planned network with its effects and its proof out."""
