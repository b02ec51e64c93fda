;; tries: a component, which begins like a module
;; stopped by: profile: docs/spec/profile.md
;; expect: refused version
(component)
