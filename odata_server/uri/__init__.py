"""From URL text to a typed query: lexer, parser, options, binder, tokens. Knows ``edm`` alone."""
