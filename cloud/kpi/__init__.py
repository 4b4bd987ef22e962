"""How the desk did: figures over the timeline alone, per seat, shift and district."""
