-- What the provider's answers brought besides the tokens: variables, never a secret.
ALTER TABLE connections ADD COLUMN captured TEXT;
