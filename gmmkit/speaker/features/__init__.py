"""From samples to rows: the front end and the steps that it is made of."""
