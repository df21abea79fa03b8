"""What the decoder's shape is worth: three decoders, trained alike, at two lengths, as in the MusicVAE paper.

`arms` holds the decoders, `experiment` trains and measures one, `report` keeps and shows what was measured.
"""
