"""Clips in, clips out: folders of frames, one inference a frame, with a model's recurrent state carried between them.

Frames are pictures: they are read, encoded and decoded as image_to_image does.
"""
